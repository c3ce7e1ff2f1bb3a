"""Who the blood is from."""

import pytest

from laveran.cells.patients import nih_patient, nih_photo, read_patients
from laveran.errors import LabelsError


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("C100P61ThinF_IMG_20150918_144104_cell_162.png", "C100P61"),
        ("C39P4thinF_original_IMG_20150622_105554_cell_1.png", "C39P4"),
        ("C1_thinF_IMG_20150604_104722_cell_15.png", "C1"),
        ("C3thin_original_IMG_20150608_163002_cell_93.png", "C3"),
        ("C38P3thinF_original_IMG_20150621_112043_cell_202.png", "C38P3"),
        ("C37BP2_thinF_IMG_20150620_131238a_cell_15.png", "C37BP2"),
        ("C51AP12thinF_IMG_20150724_152043_cell_1.png", "C51AP12"),
        ("C61P22N_ThinF_IMG_20150818_163551_cell_181.png", "C61P22N"),
        ("C12NThinF_IMG_20150614_124212_cell_22.png", "C12N"),
        ("C175P136NThinF_IMG_20151127_141325_cell_168.png", "C175P136N"),
        ("C47P8thinOriginalOlympusCX21_cell_10.png", "C47P8"),
        ("C47P8thin_Original_Motic_cell_10.png", "C47P8"),
        ("C167P128ReThinF_IMG_20151201_105354_cell_238.png", "C167P128"),
        ("cell_images/Parasitized/C1_thinF_IMG_20150604_104722_cell_15.png", "C1"),
        ("something_else_1.png", None),
        ("within_1.png", None),
        ("Cthin_1.png", None),
        ("thin_C1.png", None),
        ("C1P1.png", None),
    ],
)
def test_the_patient_in_a_name(name, patient):
    assert nih_patient(name) == patient


@pytest.mark.parametrize(
    ("name", "photo"),
    [
        ("Uninfected/C1_thinF_IMG_20150604_104722_cell_15.png", "C1_thinF_IMG_20150604_104722"),
        ("C37BP2_thinF_IMG_20150620_131238a_cell_15", "C37BP2_thinF_IMG_20150620_131238a"),
        ("cell_15.png", None),
        ("_cell_15.png", None),
        ("C1_thinF_cell_x.png", None),
    ],
)
def test_the_photograph_in_a_name(name, photo):
    assert nih_photo(name) == photo


@pytest.mark.parametrize(
    "row",
    [
        "C1,['C1_thin_1.png',  'C1_thin_2.png'],,,",
        "C1,[C1_thin_1.png, C1_thin_2.png],,,",
        "C1,\"['C1_thin_1.png', 'C1_thin_2.png']\"",
        " C1 , ['C1_thin_1.png', 'C1_thin_2.png']",
    ],
)
def test_the_files_of_nih(tmp_path, row):
    (tmp_path / "parasitized.csv").write_text(row + "\n")
    (tmp_path / "uninfected.csv").write_text("C2,['C2_thin_1.png'],,\r\nC1,['C1_thin_3.png']\r\n")
    assert read_patients([tmp_path / "parasitized.csv", tmp_path / "uninfected.csv"]) == {
        "C1_thin_1.png": "C1",
        "C1_thin_2.png": "C1",
        "C1_thin_3.png": "C1",
        "C2_thin_1.png": "C2",
    }


def test_nihs_two_names_of_one_patient_are_one(tmp_path):
    path = tmp_path / "patientid_cellmapping_parasitized.csv"
    path.write_text(
        "C47P8thinOriginalOlympusCX21,['C47P8thinOriginalOlympusCX21_cell_1.png'],\n"
        "C47P8thin_Original_Motic,['C47P8thin_Original_Motic_cell_1.png'],\n"
    )
    assert set(read_patients([path]).values()) == {"C47P8"}


def test_a_table_with_a_header(tmp_path):
    (tmp_path / "patients.csv").write_text("Subject;File\nAnna;a.png\n;b.png\n Ben ; c.png\n")
    assert read_patients([tmp_path / "patients.csv"]) == {"a.png": "Anna", "c.png": "Ben"}


def test_one_picture_of_two_patients_is_refused(tmp_path):
    (tmp_path / "patients.csv").write_text("file,patient\na.png,Anna\na.png,Ben\n")
    with pytest.raises(LabelsError, match=r"'a\.png' the patient Ben, but it has .* Anna already"):
        read_patients([tmp_path / "patients.csv"])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("file,age", r"lacks a column of patients \(patient\): it has file, age"),
        ("patient,age", "lacks a column of pictures"),
    ],
)
def test_a_table_without_the_columns_is_refused(tmp_path, header, message):
    (tmp_path / "patients.csv").write_text(header + "\n1,2\n")
    with pytest.raises(LabelsError, match=message):
        read_patients([tmp_path / "patients.csv"])
