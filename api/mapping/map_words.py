"""What the scripts of the map page say."""

from api.languages import mark

SCRIPT_WORDS: dict[str, str] = {
    "close_details": mark("Show less"),
    "driving_to": mark("on the way to"),
    "fast_clock": mark("time lapse"),
    "no_connection": mark("No connection. Trying again in a moment."),
    "off": mark("off"),
    "off_duty": mark("off duty"),
    "on": mark("on"),
    "on_board": mark("on board"),
    "open_details": mark("Show more"),
    "synthetic": mark("Synthetic map data"),
    "waiting_at": mark("waits:"),
    "zoom_in": mark("Zoom in"),
    "zoom_out": mark("Zoom out"),
}
