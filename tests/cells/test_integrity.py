"""Checksums, and zips with every kind of damage."""

import zipfile

import pytest

from laveran.cells.integrity import sha256_fault, zip_fault

CELLS = {"a.png": bytes(range(256)) * 40, "b.png": b"b" * 5000}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "cells.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in CELLS.items():
            packed.writestr(name, data)
    return path


def damage(path, offset, data):
    with path.open("rb+") as file:
        file.seek(offset)
        file.write(data)


def offset_of(path, name):
    with zipfile.ZipFile(path) as packed:
        return packed.getinfo(name).header_offset


def test_sound_zip_has_no_fault(archive):
    assert zip_fault(archive) is None


def test_zip_cut_off_anywhere_has_a_fault(archive):
    whole = archive.read_bytes()
    for size in range(0, len(whole), 37):
        archive.write_bytes(whole[:size])
        assert zip_fault(archive), size


def test_member_with_wrong_bytes_is_named(archive):
    start = offset_of(archive, "b.png") + 30 + len("b.png")
    damage(archive, start + 4, b"\x00\x01\x02")
    assert zip_fault(archive).startswith("'b.png' in it is damaged (")


def test_stored_member_with_one_wrong_bit_is_named(tmp_path):
    path = tmp_path / "stored.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.png", CELLS["a.png"])
    damage(path, 30 + len("a.png") + 1000, bytes([CELLS["a.png"][1000] ^ 1]))
    assert "'a.png' in it is damaged (Bad CRC-32" in zip_fault(path)


def test_member_behind_a_damaged_header_is_named(archive):
    damage(archive, offset_of(archive, "b.png"), b"XXXX")
    assert zip_fault(archive).startswith("'b.png' in it is damaged (")


def test_encrypted_member_is_a_fault(archive):
    data = archive.read_bytes()
    directory = data.index(b"PK\1\2")
    damage(archive, 6, b"\x01")
    damage(archive, directory + 8, b"\x01")
    assert "password" in zip_fault(archive)


def test_sha256_fault_tells_both_digests(archive):
    assert sha256_fault(archive, "f" * 64).endswith(", not ffffffffffff")
