"""Ships ``configs/`` as ``gan_lightning/configs``: one copy, found in a checkout and in a wheel."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["gan_lightning*"]), "gan_lightning.configs"],
    package_dir={"gan_lightning.configs": "configs"},
)
