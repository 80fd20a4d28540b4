"""Prints what a wheel requires on this machine, without the packages named.

Usage: requirements.py WHEEL EXTRA [NAME...]

For wheels that ask for a build or a version of one package that PyPI does not carry: the rest is
installed first, then the wheel alone.
"""

import email.parser
import sys
import zipfile

from pip._vendor.packaging.requirements import Requirement


def main():
    path, extra, left_out = sys.argv[1], sys.argv[2], sys.argv[3:]
    with zipfile.ZipFile(path) as wheel:
        (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = email.parser.Parser().parsestr(wheel.read(name).decode())
    for text in metadata.get_all("Requires-Dist") or []:
        wanted = Requirement(text)
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": extra})
        if applies and wanted.name not in left_out:
            wanted.marker = None
            print(wanted)


main()
