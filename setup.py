"""Packages and dependencies of shopcast. Exact versions of everything stand in constraints.txt."""

from setuptools import find_packages, setup

LAKE = ["deltalake==1.6.6", "pyarrow>=25,<26", "pydantic>=2.14,<3", "pydantic-settings==2.16.3"]
SPARK = [
    "pyspark==4.2.0",
    "delta-spark==4.4.0",
    "xgboost==3.2.0",
    "pandas>=2.2,<3",
    "mlflow==3.17.2",
    "scikit-learn==1.9.1",
    "skops==0.16.0",
    "matplotlib==3.11.2",
    "optuna==5.0.0",
]
API = ["fastapi==0.165.0", "uvicorn==0.54.0"]
STREAM = [
    "kafka-python==3.0.12",
    "prometheus-client==0.26.0",
    "jsonschema==4.26.0",
    "tqdm==4.70.1",
]
# What benchmarks measure shopcast beside.
RIVALS = ["mlforecast==1.1.0", "lightgbm==4.7.0"]
DEV = [
    *STREAM,
    "chispa==0.12.0",
    "httpx==0.28.1",
    "hypothesis==6.170.15",
    "import-linter==2.16",
    "moto[s3]==5.2.5",
    "mypy==2.4.1",
    "psutil",
    "pytest==9.2.0",
    "pytest-timeout==2.4.0",
    "pytest-xdist==3.8.0",
    "ruff==0.17.6",
]

setup(
    name="shopcast",
    version="0.1.0",
    description="Monthly demand, shop by item, from daily sales",
    python_requires=">=3.11,<3.14",
    packages=find_packages(exclude=["tests*", "benchmarks*"]),
    package_data={"lakehouse.profile.profiles": ["*.toml"], "streaming.contract": ["*.json"]},
    install_requires=LAKE,
    extras_require={"spark": SPARK, "api": API, "stream": STREAM, "dev": DEV, "rivals": RIVALS},
)
