"""Installs the wheel as a user does: usage: install.py FOLDER_OF_WHEEL FOLDER

With pip where there is one; else a wheel is a zip file.
"""

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path


def main():
    (wheel,) = Path(sys.argv[1]).glob("*.whl")
    folder = sys.argv[2]
    shutil.rmtree(folder, ignore_errors=True)
    if importlib.util.find_spec("pip"):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                        "--target", folder, wheel], check=True)
    else:
        print("no pip here: unpacked")
        zipfile.ZipFile(wheel).extractall(folder)


if __name__ == "__main__":
    main()
