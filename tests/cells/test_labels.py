"""Tables of labels, the truth and the form of a submission."""

import csv

import pytest

from laveran.cells.labels import Label, parse_label, read_labels, read_truth
from laveran.cells.skipped import Skipped
from laveran.cells.tables import read_table
from laveran.cells.template import Template, read_template
from laveran.errors import LabelsError


@pytest.fixture
def table(tmp_path):
    def write(content):
        path = tmp_path / "labels.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [
        "img_name,label\na.png,1\nb.png,0\n",
        "img_name,label\r\na.png,1\r\nb.png,0",
        "\ufeffimg_name,label\na.png,1\nb.png,0\n",
        "Image Name;Class\na.png;Parasitized\nb.png;Uninfected\n",
        "ID\tInfected\na.png\tTrue\nb.png\tFalse\n",
        "label,file\n1.0,a.png\n0.0,b.png\n",
        ",filename,id,target,label\n0,a.png,17,9,1\n1,b.png,18,9,0\n",
        '"image","diagnosis"\n"a.png","positive"\n"b.png","negative"\n',
        "a.png,1\nb.png,0\n",
        "file;label\na.png;1,0\nb.png;0,0\n",
        "\n\nname,label\n\na.png , 1 \n , \nb.png,0\n\n",
        "img_name,label\na.png,1\nb.png,0\na.png,1\n",
        "img_name,label\na.png,1\nb.png,0\n".encode("utf-16"),
    ],
    ids=range(13),
)
def test_the_usual_forms_of_a_table(table, content):
    labels = read_labels(table(content))
    assert labels.rows == (Label("a.png", 1), Label("b.png", 0))
    assert labels.skipped == ()


def test_patients_and_photographs_are_read_where_there_are_columns(table):
    labels = read_labels(table("photo,patient_id,file,label\nf1,P1,a.png,1\n,,b.png,0\n"))
    assert labels.rows == (Label("a.png", 1, "P1", "f1"), Label("b.png", 0))


@pytest.mark.parametrize("text", ["2", "-1", "0.5", "NaN", "nan", "inf", "maybe", "", "01x"])
def test_what_is_no_label(text):
    assert parse_label(text) is None


@pytest.mark.parametrize("text", ["2", "NaN", "maybe", ""])
def test_a_row_without_a_label_is_listed_with_its_line(table, text):
    labels = read_labels(table(f"img_name,label\na.png,1\nb.png,{text}\n"))
    assert [row.name for row in labels.rows] == ["a.png"]
    ((name, reason),) = labels.skipped
    assert name == "b.png"
    assert repr(text) in reason
    assert "line 3" in reason


def test_rows_too_short_or_without_a_name_are_listed(table):
    labels = read_labels(table("img_name,label\na.png,1,more\nb.png\n,1\n"))
    assert [row.name for row in labels.rows] == ["a.png"]
    assert [name for name, _ in labels.skipped] == ["b.png", "line 4"]


def test_one_name_with_two_labels_counts_for_neither(table):
    labels = read_labels(table("img_name,label\na.png,1\nb.png,0\na.png,0\n"))
    assert labels.rows == (Label("b.png", 0),)
    assert labels.skipped == (Skipped("a.png", "labelled both 0 and 1"),)


def test_one_name_with_two_patients_counts_for_neither(table):
    labels = read_labels(table("img_name,label,patient\na.png,1,P1\na.png,1,P2\nb.png,0,P1\n"))
    assert [row.name for row in labels.rows] == ["b.png"]
    assert "two different patients" in labels.skipped[0].reason


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\ufeff\n\n", "is empty"),
        ("img_name\na.png\n", r"lacks a column with its label \(label\): it has img_name"),
        ("img_name,age\na.png,30\n", "lacks a column with its label"),
        ("label,age\n1,30\n", "lacks a column with the picture's name"),
        ("this is,not a table,of labels\n1,2,3\n", "lacks a column"),
        ("img_name,label\n", "no row of .* has a label of 0 or 1$"),
        ("img_name,label\na.png,maybe\n", r"no row of .* has a label .*'a\.png': .*'maybe'"),
        (b"img_name,label\nZelle_\xe4.png,1\n", "not text in UTF-8"),
        (b"PK\3\4\0\0\0\0", "is a zip or an Excel file"),
        ('img_name,label\n"' + "a" * 200_000 + '",1\n', "cannot be read as a table"),
        ('[{"img_name": "' + "a" * 200_000 + '"}]', "cannot be read as a table"),
    ],
)
def test_what_is_no_table_of_labels_is_refused(table, content, message):
    with pytest.raises(LabelsError, match=message):
        read_labels(table(content))


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(LabelsError, match=r"cannot read the table .*nothing\.csv: No such file"):
        read_labels(tmp_path / "nothing.csv")


def test_a_folder_for_a_table_is_refused(tmp_path):
    with pytest.raises(LabelsError, match="cannot read the table"):
        read_labels(tmp_path)


def test_truth_is_class_by_name(table):
    assert read_truth(table("img_name,label\na.png,1\nb.png,0\n")) == {"a.png": 1, "b.png": 0}


@pytest.mark.parametrize("row", ["b.png,maybe", "b.png,", "a.png,0", ",1"])
def test_truth_has_no_row_in_doubt(table, row):
    with pytest.raises(LabelsError, match="is of no use"):
        read_truth(table(f"img_name,label\na.png,1\n{row}\n"))


def test_headers_are_compared_by_preference_not_by_place(table):
    assert read_table(table("id,img_name\n1,a\n")).column(["imgname", "id"]) == 1


@pytest.mark.parametrize(
    ("content", "template"),
    [
        ("img_name,label\nb.png,0\na.png,0\n", Template(("img_name", "label"), ("b.png", "a.png"))),
        (" Img ; Odd Name\nb ;0.5\n", Template((" Img ", " Odd Name"), ("b ",), ";")),
        ("label\timage\n\tb.png\n", Template(("label", "image"), ("b.png",), "\t", id_column=1)),
        ("key,label\n7,?\n7,?\n", Template(("key", "label"), ("7", "7"))),
        ("Class,Key\n0,7\n", Template(("Class", "Key"), ("7",), id_column=1)),
        ("b.png,0\na.png,1\n", Template((), ("b.png", "a.png"))),
    ],
)
def test_a_template_keeps_header_order_and_ids_as_written(table, content, template):
    assert read_template(table(content)) == template


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("img_name\na.png\n", "should have two"),
        ("img_name,label,more\na.png,0,0\n", "should have two"),
        ("img_name,label\n", "asks for no picture"),
        ("img_name,label\na.png,0\n,0\n", "line 3: a row without an id"),
    ],
)
def test_what_is_no_sample_submission_is_refused(table, content, message):
    with pytest.raises(LabelsError, match=message):
        read_template(table(content))


def test_a_submission_has_the_form_of_its_template(tmp_path):
    template = Template(("class", "id"), ("b;1.png", "a.png"), ";", id_column=1)
    template.write(tmp_path / "submission.csv", [1, 0])
    assert (tmp_path / "submission.csv").read_text() == 'class;id\n1;"b;1.png"\n0;a.png\n'
    assert read_truth(tmp_path / "submission.csv") == {"b;1.png": 1, "a.png": 0}


def test_a_submission_has_a_class_for_every_id(tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        Template(("id", "label"), ("a", "b")).write(tmp_path / "submission.csv", [1])
    assert list(tmp_path.iterdir()) == []


def test_the_homework_tables(homework):
    labels = read_labels(homework / "train_labels.csv")
    assert (len(labels.rows), labels.skipped) == (12_586, ())
    template = read_template(homework / "sample_submission.csv")
    assert (template.header, len(template.ids)) == (("img_name", "label"), 925)
    with (homework / "sample_submission.csv").open(newline="") as file:
        assert [row[0] for row in list(csv.reader(file))[1:]] == list(template.ids)
