"""The notebook: what is written of which runs, and that it runs from top to bottom."""

import ast
import re
import shutil
import zipfile

import nbformat
import pytest

from laveran.cells.archive import open_source
from laveran.cells.labels import read_truth
from laveran.errors import ConfigError, ModelError
from laveran.model.prediction import predict
from laveran.networks.backbone import BackboneSpec
from laveran.networks.mlp import MlpSpec
from laveran.training import train
from laveran.training.finished import open_run
from laveran.training.notebook import write_notebook

SECTIONS = [
    *("1. The data", "2. Augmentation", "3. The network", "4. Learning curves"),
    *("5. From scratch, fine-tuned, or an ensemble?", "6. How good is it?"),
    *("7. The worst mistakes", "8. What the network looks at", "9. The submission"),
    "10. What to take away",
]
OPEN_TO_ALL = {"laveran", "numpy", "torch", "pathlib", "warnings"}


@pytest.fixture
def project(run, drawn, tmp_path):
    """A folder with a run, the data, and nothing else."""
    shutil.copytree(run.folder, tmp_path / "runs" / "fast")
    shutil.copytree(drawn.train_data.parent, tmp_path / "data")
    return tmp_path


def parts(path, kind):
    """The sources of all cells of a kind."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def text(path):
    return "\n\n".join(parts(path, "markdown"))


def code(path):
    return "\n\n".join(parts(path, "code"))


def headings(path):
    return re.findall(r"^## (.*)$", text(path), re.MULTILINE)


def written_for(runs, drawn, out, **given):
    """The notebook of `runs` with all files of the homework."""
    given = {"test": drawn.test_data, "sample": drawn.sample_submission} | given
    return write_notebook([run.folder for run in runs], out, **given)


def test_the_story_is_whole_and_its_code_is_code(run, drawn, tmp_path):
    written = written_for([run], drawn, tmp_path / "homework.ipynb")
    assert headings(written.path) == SECTIONS
    notebook = nbformat.read(written.path, as_version=4)
    assert len(notebook.cells) == written.n_cells
    assert notebook.metadata.kernelspec.name == "python3"
    for source in parts(written.path, "code"):
        compile(source, "cell", "exec")
        assert len(source.splitlines()) <= 32
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert "{{" not in text(written.path) + code(written.path)


@pytest.mark.parametrize("several", [False, True])
def test_no_figure_is_typed_in(run, ensemble_run, drawn, tmp_path, several):
    runs = [run, ensemble_run] if several else [run]
    written = written_for(runs, drawn, tmp_path / "homework.ipynb")
    whole = text(written.path) + code(written.path)
    for figure in run.evaluation.to_json().values():
        value = figure if isinstance(figure, int) else figure["value"]
        if value is not None and value not in (0, 1):
            assert f"{value:.3f}" not in whole
    assert not re.search(r"\d\.\d+\s?%", whole)


def test_only_public_names_are_used(run, ensemble_run, drawn, tmp_path):
    written = written_for([run, ensemble_run], drawn, tmp_path / "homework.ipynb")
    for node in ast.walk(ast.parse(code(written.path))):
        if isinstance(node, ast.Import):
            assert {name.name for name in node.names} <= OPEN_TO_ALL
        elif isinstance(node, ast.ImportFrom):
            assert node.module.partition(".")[0] in OPEN_TO_ALL
            assert not any(name.name.startswith("_") for name in node.names)
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_") or node.attr == "__version__"


def test_paths_are_relative_to_the_notebook(project, monkeypatch):
    monkeypatch.chdir(project)
    for out, up in (("homework.ipynb", ""), ("notebooks/homework.ipynb", "../")):
        write_notebook(
            ["runs/fast"],
            out,
            data="data/train_data.zip",
            labels="data/train_labels.csv",
            test=project / "data" / "test_data.zip",
            sample="data/sample_submission.csv",
        )
        source = code(project / out)
        assert f"RUNS = ['{up}runs/fast']" in source
        assert f"'{up}data/train_data.zip', '{up}data/train_labels.csv'" in source
        assert f"'{up}data/test_data.zip', '{up}data/sample_submission.csv'" in source
        assert str(project) not in source + text(project / out)


def test_data_that_nobody_names_are_where_the_run_had_them(run, drawn, tmp_path):
    write_notebook([run.folder], tmp_path / "homework.ipynb")
    assert f"{drawn.train_data.name}'" in code(tmp_path / "homework.ipynb")
    assert f"{drawn.train_labels.name}'" in code(tmp_path / "homework.ipynb")


def test_drawn_cells_are_called_so(run, tmp_path):
    write_notebook([run.folder], tmp_path / "homework.ipynb")
    assert "**A program drew these cells.**" in text(tmp_path / "homework.ipynb")
    assert "labels are not perfect" not in text(tmp_path / "homework.ipynb")


def test_without_test_cells_the_commands_are_told(run, tmp_path):
    write_notebook([run.folder], tmp_path / "homework.ipynb")
    assert "laveran.predict" not in code(tmp_path / "homework.ipynb")
    assert "laveran predict test_data.zip --model" in text(tmp_path / "homework.ipynb")


def test_what_was_not_given_is_said(run, ensemble_run, drawn, tmp_path):
    one = written_for([run], drawn, tmp_path / "one.ipynb")
    assert one.missing == ("fine-tuned", "ensemble")
    assert "**none is fine-tuned or an ensemble**" in text(one.path)
    assert "paired_difference" not in code(one.path)
    two = written_for([run, ensemble_run], drawn, tmp_path / "two.ipynb")
    assert two.missing == ("fine-tuned",)
    assert "**none is fine-tuned**" in text(two.path)
    assert "those of its networks, each judged alone" in text(two.path)
    assert "paired_difference" in code(two.path)
    other = written_for([ensemble_run], drawn, tmp_path / "other.ipynb")
    assert other.missing == ("from scratch", "fine-tuned")
    assert "**none is from scratch or fine-tuned**" in text(other.path)
    assert "made by all of them together" in text(other.path)


@pytest.fixture(scope="module")
def by_cell(drawn, tiny, tmp_path_factory):
    """A run whose networks had met the patients that they were tested on."""
    out = tmp_path_factory.mktemp("by_cell") / "run"
    recipe = tiny.replace(epochs=1)
    return train(drawn.train_data, drawn.train_labels, out=out, recipe=recipe, by="cell")


@pytest.fixture(scope="module")
def searched(run, drawn, tiny, tmp_path_factory):
    """A run by a recipe that was chosen on its cells."""
    out = tmp_path_factory.mktemp("searched") / "run"
    recipe = tiny.replace(epochs=1, searched_on=open_run(run.folder).cells.checksum)
    return train(drawn.train_data, drawn.train_labels, out=out, recipe=recipe)


AS_HONEST = "It is as honest as they are"
MARKED = "**A run that is marked optimistic**"


def test_no_run_is_called_as_honest_as_one_that_is_optimistic(
    run, ensemble_run, by_cell, searched, drawn, tmp_path
):
    honest = text(written_for([run, ensemble_run], drawn, tmp_path / "honest.ipynb").path)
    assert AS_HONEST in honest
    assert MARKED not in honest
    for other in (by_cell, searched):
        mixed = text(written_for([ensemble_run, other], drawn, tmp_path / "mixed.ipynb").path)
        assert AS_HONEST not in mixed
        assert MARKED in mixed
        assert "figures are optimistic" not in mixed  # those of the first are not


def test_the_story_says_why_its_run_is_optimistic(by_cell, searched, drawn, tmp_path):
    cells = text(written_for([by_cell], drawn, tmp_path / "cells.ipynb").path)
    assert "**These figures are optimistic.** Cells of one patient" in cells
    chosen = text(written_for([searched], drawn, tmp_path / "chosen.ipynb").path)
    assert "So patients stay whole here" in chosen
    assert "a search chose the recipe on these very patients" in chosen


def test_what_teachers_count_is_told_only_where_there_were_any(run, project, drawn, tmp_path):
    alone = code(written_for([run], drawn, tmp_path / "alone.ipynb").path)
    assert '"searched_on", "teacher_share"})' in alone
    config = project / "runs" / "fast" / "config.toml"
    assert "teachers = []" in config.read_text()
    config.write_text(config.read_text().replace("teachers = []", 'teachers = ["ab12"]'))
    write_notebook([project / "runs" / "fast"], tmp_path / "taught.ipynb")
    assert "teacher_share" not in code(tmp_path / "taught.ipynb")


def test_a_notebook_is_the_same_every_time(run, tmp_path):
    once, twice = tmp_path / "once.ipynb", tmp_path / "twice.ipynb"
    for path in (once, twice):
        write_notebook([run.folder], path)
    assert once.read_bytes() == twice.read_bytes()


def test_what_cannot_be_told_is_refused(run, drawn, project, tmp_path):
    out = tmp_path / "homework.ipynb"
    with pytest.raises(ConfigError, match="give at least one run"):
        write_notebook([], out)
    with pytest.raises(ModelError, match="holds no finished run"):
        write_notebook([run.folder, tmp_path], out)
    for name in ("data", "labels", "test", "sample"):
        with pytest.raises(ConfigError, match=rf"there is no none\.zip; say by --{name} where"):
            write_notebook([run.folder], out, **{name: "none.zip"})
    with pytest.raises(ConfigError, match=r"test_data\.zip holds no '.*', which .* was scored on"):
        write_notebook([run.folder], out, data=drawn.test_data)
    config = project / "runs" / "fast" / "config.toml"
    config.write_text(re.sub(r"(?m)^data = .*", 'data = ""', config.read_text()))
    with pytest.raises(ConfigError, match="does not tell where its pictures are; give --data"):
        write_notebook([project / "runs" / "fast"], out)
    assert not out.exists()


def run_notebook(path):
    """The notebook after a run from top to bottom in its folder."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=300, resources=where).execute()
    return notebook


def shown(notebook):
    """All that the cells left, as text; nothing may be on standard error."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text
            data = output.get("data", {})
            found.append(output.get("text") or data.get("text/html") or data["text/plain"])
    return "\n".join(found)


def checked_run(out, runs):
    """What the notebook shows when it is run; it must be about the first of `runs`."""
    output = shown(run_notebook(out))
    opened = open_run(runs[0].folder)
    assert opened.protocol in output
    assert f"{opened.evaluation.accuracy.value:.1%}" in output
    assert output.count("data:image/jpeg") > 60
    assert output.count("data:image/svg+xml") > 15
    return output


@pytest.fixture
def quiet_kernel(monkeypatch, tmp_path):
    """Kernels take one core and leave the home alone."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.mark.slow
@pytest.mark.usefixtures("quiet_kernel")
def test_it_runs_from_top_to_bottom(run, drawn, tmp_path):
    out = tmp_path / "homework.ipynb"
    written_for([run], drawn, out)
    assert "all of them together" not in checked_run(out, [run])
    predict(drawn.test_data, model=run.folder, out=tmp_path / "s.csv", like=drawn.sample_submission)
    assert (tmp_path / "submission.csv").read_text() == (tmp_path / "s.csv").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("quiet_kernel")
def test_it_runs_with_several_runs_and_folds(run, ensemble_run, by_cell, drawn, tmp_path):
    out = tmp_path / "homework.ipynb"
    written_for([ensemble_run, run, by_cell], drawn, out)
    output = checked_run(out, [ensemble_run, run, by_cell])
    assert "all of them together" in output
    assert f"{by_cell.folder.name} (optimistic)" in output
    assert output.count("(optimistic)") == 2  # in the table, and among the differences


@pytest.fixture
def nameless(drawn, tmp_path):
    """The drawn cells under names that do not tell the patients, in folders of the classes."""
    labels = read_truth(drawn.train_labels)
    path = tmp_path / "cells.zip"
    with open_source(drawn.train_data) as source, zipfile.ZipFile(path, "w") as archive:
        for number, entry in enumerate(source):
            label = labels[entry.name.rpartition("/")[2]]
            folder = ("Uninfected", "Parasitized")[label]
            archive.writestr(f"{folder}/{number}.png", source.read(entry))
    return path


@pytest.mark.slow
@pytest.mark.usefixtures("quiet_kernel")
def test_it_runs_with_a_backbone_and_without_patients_or_test_cells(nameless, tiny, tmp_path):
    recipe = tiny.replace(network=BackboneSpec(name="test_resnet"), size_px=32, epochs=1)
    run = train(nameless, out=tmp_path / "run", recipe=recipe)
    out = tmp_path / "homework.ipynb"
    write_notebook([run.folder], out)
    assert "**These figures are optimistic.**" in text(out)
    assert "test_resnet" in checked_run(out, [run])
    assert not (tmp_path / "submission.csv").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("quiet_kernel")
def test_it_runs_with_a_network_without_maps(drawn, tiny, tmp_path):
    recipe = tiny.replace(network=MlpSpec(hidden=(8,)).model_dump())
    run = train(drawn.train_data, drawn.train_labels, out=tmp_path / "run", recipe=recipe)
    out = tmp_path / "homework.ipynb"
    written_for([run], drawn, out)
    output = shown(run_notebook(out))
    assert "hidden layers" in output
    assert open_run(run.folder).protocol in output
    assert "with_evidence" not in code(out)
