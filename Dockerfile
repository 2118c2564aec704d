# The whole marketplace in one image; `python -m fleet up` starts what the environment says.
FROM python:3.11-slim AS build
WORKDIR /marketplace
RUN apt-get update && apt-get install --yes --no-install-recommends make gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY . .
# What every call goes through is compiled here: decision 0014.
RUN make install-deps compile

FROM python:3.11-slim
# A user of its own: nothing here needs root.
RUN useradd --uid 10001 --create-home marketplace && mkdir -p /marketplace/.data && chown 10001:10001 /marketplace/.data
WORKDIR /marketplace
COPY --from=build /marketplace /marketplace
ENV PATH=/marketplace/.venv/bin:$PATH PYTHONPATH=/marketplace/.compiled PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8080 3003
VOLUME /marketplace/.data
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=12 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/ready', timeout=2)"]
STOPSIGNAL SIGINT
CMD ["python", "-m", "fleet", "up"]
