# docker build -t gan_lightning .
# docker run -v "$PWD/lightning_logs:/work/lightning_logs" gan_lightning fit --config configs/r3gan_iris.yaml
#
# With a GPU, on an image that brings Python 3.10 or newer and CUDA:
# docker build --build-arg BASE=pytorch/pytorch:2.10.0-cuda12.8-cudnn9-runtime -t gan_lightning .
# docker run --gpus all gan_lightning fit --config configs/r3gan_iris.yaml
ARG BASE=python:3.11-slim
FROM ${BASE}

WORKDIR /work
COPY pyproject.toml README.md LICENSE ./
COPY gan_lightning gan_lightning
RUN python -m pip install --no-cache-dir .
COPY configs configs

ENTRYPOINT ["python", "-m", "gan_lightning"]
CMD ["--help"]
