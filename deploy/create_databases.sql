-- One server, three databases: each tool migrates its own.
create database dagster;
create database mlflow;
create database ledger;
