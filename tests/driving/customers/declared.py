"""What their owner writes: two landings, two dbt models, one model; beside what another owns."""

SOURCES = """
version: 2
sources:
  - name: landing
    config: {meta: {external_location: "read_landing('{name}')"}}
    tables:
      - name: customers
        columns:
          - {name: customer_id, data_type: varchar}
          - {name: age, data_type: integer}
          - {name: tenure_months, data_type: integer}
          - {name: monthly_charge, data_type: double}
          - {name: support_calls, data_type: integer}
          - {name: plan, data_type: varchar}
          - {name: is_business, data_type: boolean}
          - {name: gender, data_type: varchar}
          - {name: day, data_type: date}
          - {name: superseded_at, data_type: timestamptz}
      - name: departures
        columns:
          - {name: customer_id, data_type: varchar}
          - {name: has_left, data_type: boolean}
          - {name: day, data_type: date}
          - {name: delivered_at, data_type: timestamptz}
          - {name: superseded_at, data_type: timestamptz}
"""
FEATURES = """
select
    customer_id, day as landed_day, age, tenure_months, monthly_charge, support_calls,
    plan, is_business, gender
from {{ source('landing', 'customers') }}
where superseded_at is null and {{ in_build_range('day') }}
"""
LABELS = """
select customer_id, day as landed_day, has_left, delivered_at, superseded_at
from {{ source('landing', 'departures') }}
where {{ in_build_range('day') }}
"""
MODELS = """
version: 2
models:
  - name: customer_features
    config:
      materialized: incremental
      incremental_strategy: replace_days
      meta:
        mlops: {publish: true, partition_by: landed_day, order_by: [customer_id], reach_days: 0}
    columns:
      - {name: customer_id, data_type: varchar}
      - {name: landed_day, data_type: date}
      - {name: age, data_type: integer}
      - {name: tenure_months, data_type: integer}
      - {name: monthly_charge, data_type: double}
      - {name: support_calls, data_type: integer}
      - {name: plan, data_type: varchar}
      - {name: is_business, data_type: boolean}
      - {name: gender, data_type: varchar}
  - name: churn_labels
    config:
      materialized: incremental
      incremental_strategy: replace_days
      meta:
        mlops:
          publish: true
          partition_by: landed_day
          order_by: [customer_id, delivered_at]
          reach_days: 0
    columns:
      - {name: customer_id, data_type: varchar}
      - {name: landed_day, data_type: date}
      - {name: has_left, data_type: boolean}
      - {name: delivered_at, data_type: timestamptz}
      - {name: superseded_at, data_type: timestamptz}
"""
ORDERS = """
version: 2
sources:
  - name: landing
    config: {meta: {external_location: "read_landing('{name}')"}}
    tables:
      - name: orders
        columns: [{name: order_id, data_type: varchar}, {name: day, data_type: date}]
models:
  - name: order_features
    config:
      materialized: incremental
      incremental_strategy: replace_days
      meta: {mlops: {publish: true, partition_by: day, order_by: [order_id], reach_days: 0}}
    columns: [{name: order_id, data_type: varchar}, {name: day, data_type: date}]
"""
DBT_MODELS = {
    "customers/staging/_landing.yml": SOURCES,
    "customers/marts/customer_features.sql": FEATURES,
    "customers/marts/churn_labels.sql": LABELS,
    "customers/marts/churn.yml": MODELS,
    # A domain of somebody else, of which nothing has landed.
    "orders/marts/orders.yml": ORDERS,
    "orders/marts/order_features.sql": "select * from {{ source('landing', 'orders') }}",
}
STORE = """
type: mlops_platform.components.DbtFeaturesComponent
attributes: {project: PROJECT, domain: DOMAIN, op: {name: dbt_features_DOMAIN}}
"""
CUSTOMERS = """
type: mlops_platform.components.SnapshotLandingComponent
attributes:
  table: customers
  description: Every customer, exported at night.
  folder: EXPORTS
  pattern: customers_{day}.csv
  partitions: {start: "2024-03-04", end: "2024-04-01", timezone: Europe/Berlin}
  key: [customer_id]
  types:
    age: INTEGER
    tenure_months: INTEGER
    monthly_charge: DOUBLE
    support_calls: INTEGER
    is_business: BOOLEAN
  owners: ["team:billing"]
"""
DEPARTURES = """
type: mlops_platform.components.SnapshotLandingComponent
attributes:
  table: departures
  description: Customers of whom it is known whether they left, written anew.
  folder: EXPORTS
  pattern: departures.csv
  timezone: Europe/Berlin
  key: [customer_id]
  types: {has_left: BOOLEAN}
  owners: ["team:billing"]
"""
CHURN = """
type: mlops_platform.components.ModelLifecycleComponent
attributes:
  name: churn
  description: Will this customer leave?
  owners: ["team:growth"]
  features:
    table: customer_features
    entity: customer_id
    event_time: null
    partition: landed_day
    numeric: [age, tenure_months, monthly_charge, support_calls]
    categorical: [plan]
    boolean: [is_business]
    sensitive: [gender]
  label: {table: churn_labels, column: has_left}
  window: {cadence: daily, start: "2024-03-04", timezone: Europe/Berlin}
  training:
    history: {split: {by: stratified, seed: 7}}
    candidates:
      - name: linear
        preprocessing:
          - columns: [age, tenure_months, monthly_charge, support_calls, is_business]
            steps:
              - {type: sklearn.impute.SimpleImputer}
              - {type: sklearn.preprocessing.StandardScaler}
          - columns: categorical
            steps:
              - {type: sklearn.preprocessing.OneHotEncoder, params: {handle_unknown: ignore}}
        estimator: {type: sklearn.linear_model.LogisticRegression}
    tuning: {trials: 1}
  evaluation:
    subgroups: [gender]
    min_subgroup_rows: 30
    fairness: {columns: [gender, is_business], min_group_rows: 15}
  gate:
    limits: {expected_calibration_error: null}
    min_events: 40
    fairness: {loss: {max_difference: 5}}
  serving: {online_store: {keep_days: 30}}
  card: {intended_use: Letters., out_of_scope: Prices., caveats: Small.}
"""
DEFINITIONS = {
    "customer_features": STORE.replace("DOMAIN", "customers"),
    "order_features": STORE.replace("DOMAIN", "orders"),
    "landing_customers": CUSTOMERS,
    "landing_departures": DEPARTURES,
    "churn": CHURN,
}
