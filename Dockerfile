# docker build -t gan_lightning .
# docker run -v "$PWD/lightning_logs:/work/lightning_logs" gan_lightning fit --config r3gan_iris
#
# With a GPU, on an image that brings Python 3.10 or newer and CUDA:
# docker build --build-arg BASE=pytorch/pytorch:2.10.0-cuda12.8-cudnn9-runtime -t gan_lightning .
# docker run --gpus all gan_lightning fit --config r3gan_iris
ARG BASE=python:3.11-slim
FROM ${BASE}

WORKDIR /work
COPY pyproject.toml setup.py README.md LICENSE ./
COPY configs configs
COPY gan_lightning gan_lightning
RUN python -m pip install --no-cache-dir .

ENTRYPOINT ["python", "-m", "gan_lightning"]
CMD ["--help"]
