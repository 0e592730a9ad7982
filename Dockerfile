# The image of every Airflow service of docker-compose.yml.  DAGs, plugin and configuration are mounted, not copied.
# The base is pinned to its Python and its Debian; the packages are pinned by hash in requirements.lock.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# The packages before the code: they change less often, and take a minute.
COPY requirements.lock /src/
RUN pip install --compile --require-hashes --no-deps -r /src/requirements.lock
COPY pyproject.toml README.md /src/
COPY alerts /src/alerts
RUN pip install --compile --no-deps --no-build-isolation /src && pip check

FROM python:3.11-slim-bookworm
# A volume takes the owner of the folder on which it is first mounted: hence every such folder is made here.
RUN groupadd --gid 10001 alerts \
 && useradd --uid 10001 --gid alerts --home-dir /opt/airflow --no-create-home --shell /usr/sbin/nologin alerts \
 && install -d -o alerts -g alerts -m 0750 /opt/airflow /opt/airflow/logs /opt/airflow/auth /var/lib/alerts \
 && install -d /etc/alerts /srv/dags /srv/plugins /srv/examples
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    AIRFLOW_HOME=/opt/airflow \
    ALERTS_CONFIG=/etc/alerts \
    ALERTS_VAR=/var/lib/alerts \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /opt/airflow
# The services name their own command; alone, the image runs the line without Airflow.
CMD ["alerts", "run", "--every", "5m"]
