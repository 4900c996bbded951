# One image, three processes: web (the default), worker and watch. compose.yaml shows how they belong together.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/heard
WORKDIR /source
COPY requirements-build.lock requirements.lock ./
RUN /opt/heard/bin/pip install --require-hashes -r requirements-build.lock \
 && /opt/heard/bin/pip install --use-pep517 --no-build-isolation --require-hashes -r requirements.lock
COPY . .
RUN /opt/heard/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
# Two users: web may read the folder of public keys, the worker alone the folder of private ones.
RUN groupadd --gid 10001 heard \
 && useradd --uid 10001 --gid heard --no-create-home --shell /usr/sbin/nologin web \
 && useradd --uid 10002 --gid heard --no-create-home --shell /usr/sbin/nologin worker \
 && install -d -o worker -g heard -m 0750 /var/lib/heard/sealing \
 && install -d -o worker -g heard -m 0700 /var/lib/heard/keys
COPY --from=build /opt/heard /opt/heard
ENV PATH=/opt/heard/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FLASK_APP=wsgi:create_app
USER web
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "--config", "python:bot.dumps", "--bind", "0.0.0.0:8000", "--workers", "2", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "/dev/null", "wsgi:create_app()"]
