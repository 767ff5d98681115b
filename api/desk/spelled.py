"""A booking code as it is said on the phone: the German spelling table of DIN 5009 (2022)."""

_NAMES = (
    "Aachen Berlin Chemnitz Düsseldorf Essen Frankfurt Goslar Hamburg Ingelheim "
    "Jena Köln Leipzig München Nürnberg Offenbach Potsdam Quickborn Rostock "
    "Salzwedel Tübingen Unna Völklingen Wuppertal Xanten Ypsilon Zwickau"
)
_TABLE = {name[0]: name for name in _NAMES.split()}


def spelled(code: str) -> list[str]:
    """Return what is said for each sign of a code; digits are said as they are.

    Examples
    --------
    >>> spelled("K7")
    ['Köln', '7']
    """
    return [_TABLE.get(sign, sign) for sign in code]
