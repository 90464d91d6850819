"""No error prints what a file holds."""

import json

import pytest

SECRET = "4111-1111"
FILES = {
    "my.csv": f"name,card\nAda,{SECRET}\nBob,{SECRET}\n",
    "one_line.csv": f"{SECRET},{SECRET}\n",
    "numbers.txt": f"{SECRET}\n" * 3,
    "list.json": json.dumps([SECRET, SECRET]),
    "table.json": json.dumps([{"card": SECRET}] * 3),
    "page.html": f"<p>{SECRET}</p>\n",
}
PLACES = [
    ["--model=GAN", "--data"],
    ["--data=Iris", "--model"],
    ["--model=GAN", "--data=Iris", "--model.generator"],
    ["--model=GAN", "--data=Iris", "--trainer.callbacks"],
    ["--model=GAN", "--data=Iris", "--trainer"],
    ["--config"],
]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[-1])
def test_a_file_in_the_wrong_place_is_refused_without_its_contents(
    run, capsys, tmp_path, name, place
):
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    with pytest.raises(SystemExit) as failure:
        run("fit", *place, str(tmp_path / name))
    assert failure.value.code not in (0, None)
    said = "".join(capsys.readouterr())
    assert "Error: " in said
    assert "Traceback" not in said
    assert SECRET not in said


def test_a_table_in_place_of_data_is_refused_with_the_place_where_it_belongs(run, capsys, tmp_path):
    path = tmp_path / "my.csv"
    path.write_text("name,age\nAda,36\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        run("fit", "--model=GAN", f"--data={path}")
    assert f"--data expects no file, but found {path}: a table" in capsys.readouterr().err
