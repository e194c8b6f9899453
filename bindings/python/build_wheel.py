"""Writes the wheel: the package, the shared library, and the libraries that it needs besides.

usage: build_wheel.py VERSION LIBRARY FOLDER

No tool and no network is needed: a wheel is a zip file with three descriptions (PEP 427).
"""

import base64
import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
SAME_TIME = (1980, 1, 1, 0, 0, 0)  # the same wheel from the same files


def platform_tag():
    """manylinux_2_36_x86_64 where glibc has version 2.36: pip then refuses it on older systems."""
    machine = re.sub(r"\W", "_", sysconfig.get_platform())
    glibc = os.confstr("CS_GNU_LIBC_VERSION") if sys.platform == "linux" else None
    if not glibc:
        return machine
    return f"manylinux_{glibc.split()[1].replace('.', '_')}_{machine.partition('_')[2]}"


def bundled_libraries(library):
    """Those that not every Linux has. Elsewhere a wheel is for the machine that made it."""
    if sys.platform != "linux":
        return []
    said = subprocess.run(["ldd", library], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [Path(path) for path in re.findall(r"lib(?:fmt|nettle|utf8proc)\S* => (\S+)", said)]


def package_files(library):
    """(name in the wheel, bytes)"""
    for path in sorted((HERE / "microgpt").iterdir()):
        if path.is_file():
            yield f"microgpt/{path.name}", path.read_bytes()
    for path in [library, *bundled_libraries(library)]:
        yield f"microgpt/{path.name}", path.read_bytes()


def descriptions(version, tag):
    metadata = f"""\
Metadata-Version: 2.1
Name: microgpt
Version: {version}
Summary: microgpt.py's GPT, to the last bit, from C++
License: MIT
Requires-Python: >=3.8
Description-Content-Type: text/markdown

{(HERE / "README.md").read_text(encoding="utf-8")}"""
    wheel = f"""\
Wheel-Version: 1.0
Generator: build_wheel.py
Root-Is-Purelib: false
Tag: py3-none-{tag}
"""
    yield "METADATA", metadata.encode()
    yield "WHEEL", wheel.encode()
    yield "LICENSE", (HERE.parents[1] / "LICENSE").read_bytes()


def record_line(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def build(version, library, folder):
    tag = platform_tag()
    info = f"microgpt-{version}.dist-info"
    files = [*package_files(library),
             *((f"{info}/{name}", data) for name, data in descriptions(version, tag))]
    record = "".join(record_line(*file) for file in files) + f"{info}/RECORD,,\n"
    for old in folder.glob("microgpt-*.whl"):
        old.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"microgpt-{version}-py3-none-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in [*files, (f"{info}/RECORD", record.encode())]:
            member = zipfile.ZipInfo(name, SAME_TIME)
            member.external_attr = 0o644 << 16
            wheel.writestr(member, data, zipfile.ZIP_DEFLATED)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print(build(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
