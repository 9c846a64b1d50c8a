# The server, and every command of it: docker build -t parley . && docker run --rm -p 3000:3000 parley
# What pip needs to reach its index from here (PIP_INDEX_URL and the like) is given as a build argument.
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_DEFAULT_TIMEOUT
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_CONSTRAINT=/src/constraints.txt PIP_BUILD_CONSTRAINT=/src/constraints.txt
WORKDIR /src
RUN python -m venv /opt/parley
# What it depends on makes a layer of its own, which a change of the source leaves as it is.
COPY constraints.txt pyproject.toml ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        >/tmp/requirements.txt \
    && /opt/parley/bin/pip install --requirement /tmp/requirements.txt
COPY README.md ./
COPY contracts contracts
COPY examples examples
COPY seed seed
COPY app app
RUN /opt/parley/bin/pip install --no-deps . \
    && /opt/parley/bin/pip check \
    && /opt/parley/bin/pip uninstall --yes pip

# The command that judges other servers, and nothing that serves: docker build --target verify -t parley-verify .
# docs/verify.md says how it is run.
FROM ${PYTHON_IMAGE} AS verify
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_DEFAULT_TIMEOUT
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_CONSTRAINT=/src/constraints.txt PIP_BUILD_CONSTRAINT=/src/constraints.txt
COPY --from=build /src /src
COPY e2e /src/e2e
RUN python -m venv /opt/parley && /opt/parley/bin/pip install "/src[verify]" && rm -r /src
ENV PATH=/opt/parley/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
WORKDIR /work
USER 10001:10001
ENTRYPOINT ["parley", "verify"]

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/parley /opt/parley
# Only an embedded server writes: its database, to /var/lib/parley. A cluster's servers run read-only.
RUN mkdir -p /var/lib/parley && chown 10001:10001 /var/lib/parley
ENV PATH=/opt/parley/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=3000 DATA_DIR=/var/lib/parley
WORKDIR /var/lib/parley
USER 10001:10001
EXPOSE 3000
EXPOSE 3100
EXPOSE 3002
EXPOSE 5002
EXPOSE 3001
EXPOSE 4000
STOPSIGNAL SIGTERM
# Liveness, and not readiness: whoever replaces an unhealthy container must not do so because Redis is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, http.client as http; server = http.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); server.request('GET', '/healthz'); raise SystemExit(server.getresponse().status != 200)"]
ENTRYPOINT ["parley"]
CMD ["serve"]
