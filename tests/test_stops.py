"""The list of stops as a file."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.stops import Stop, StopsError, read_stops, write_stops

STOPS = (
    Stop("n1", "Bahnhof Süderbrarup", "Süderbrarup", 54.6369, 9.7714, "physical"),
    Stop("n2", "Dorfstraße 12", "Rügge", 54.6894, 9.7612, "virtual"),
)
HEADER = "id,name,village,lat,lon,kind\n"


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_stops_survive_being_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "stops.csv"
    write_stops(path, STOPS)
    assert read_stops(path) == STOPS
    assert list(tmp_path.iterdir()) == [path]


names = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12
)


@given(name=names, village=names, lat=st.floats(-90, 90), lon=st.floats(-180, 180))
def test_any_name_and_position_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, village: str, lat: float, lon: float
) -> None:
    path = tmp_path_factory.mktemp("stops") / "stops.csv"
    stop = Stop("n1", name, village, lat, lon, "virtual")
    write_stops(path, [stop])
    assert read_stops(path) == (stop,)


def test_the_file_opens_in_a_spreadsheet_with_its_umlauts(tmp_path: Path) -> None:
    path = tmp_path / "stops.csv"
    write_stops(path, STOPS)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,name,village,lat,lon,kind\nn1,")


def test_a_file_saved_by_a_german_spreadsheet_is_read(tmp_path: Path) -> None:
    text = (
        "id;name;village;lat;lon;kind;Bemerkung\r\n"
        "n2;Dorfstraße 12;Rügge;54,6894;9,7612;virtual;Hecke schneiden\r\n"
    )
    path = written(tmp_path / "stops.csv", text, "utf-8-sig")
    assert read_stops(path) == STOPS[1:]


def test_a_label_says_the_village_once() -> None:
    assert [stop.label for stop in STOPS] == ["Bahnhof Süderbrarup", "Dorfstraße 12, Rügge"]
    assert replace(STOPS[1], name="Rüggesgaard").label == "Rüggesgaard, Rügge"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, "id"),
        ("id,name,village,lat,lon\n", 1, "kind"),
        (HEADER, 0, ""),
        (HEADER + "n1,Kirche,Loit,54.6,9.7,virtual\nn1,Schule,Loit,54.6,9.8,virtual\n", 3, "id"),
        (HEADER + "n1,Kirche,Loit,nan,9.7,virtual\n", 2, "lat"),
        (HEADER + "n1,Kirche,Loit,54.6,inf,virtual\n", 2, "lon"),
        (HEADER + "n1,Kirche,Loit,90.1,9.7,virtual\n", 2, "lat"),
        (HEADER + "n1,Kirche,Loit,54.6,-181,virtual\n", 2, "lon"),
        (HEADER + "n1,Kirche,Loit,here,9.7,virtual\n", 2, "lat"),
        (HEADER + "n1,Kirche,Loit,54.6,9.7,imaginary\n", 2, "kind"),
        (HEADER + "n1,,Loit,54.6,9.7,virtual\n", 2, "name"),
        (HEADER + " ,Kirche,Loit,54.6,9.7,virtual\n", 2, "id"),
        (HEADER + "\nn1,Kirche,Loit\n", 3, "kind"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_column(
    tmp_path: Path, text: str, line: int, column: str
) -> None:
    path = written(tmp_path / "stops.csv", text)
    with pytest.raises(StopsError) as error:
        read_stops(path)
    assert (error.value.line, error.value.column) == (line, column)
    sentence = str(error.value)
    assert str(path) in sentence
    assert column in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StopsError, match="no such file"):
        read_stops(tmp_path / "stops.csv")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "stops.csv", HEADER + "n1,Mühle,Loit,54.6,9.7,virtual\n", "cp1252")
    with pytest.raises(StopsError, match="CSV UTF-8"):
        read_stops(path)
