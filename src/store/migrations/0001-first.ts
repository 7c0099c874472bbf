/**
 * The first schema. Times are epoch milliseconds: whole (bigint) for samples, as JavaScript has them (double precision) elsewhere.
 * Records of the catalogue are JSON documents beside the columns that are searched by.
 */
export const sql = `
create table foretrace.series (
  id bigint generated always as identity primary key,
  fingerprint bytea not null unique,
  labels jsonb not null
);
create index series_by_label on foretrace.series using gin (labels jsonb_path_ops);
create table foretrace.chunk (
  series_id bigint not null references foretrace.series on delete cascade,
  first_time bigint not null,
  last_time bigint not null,
  samples integer not null,
  data bytea not null,
  primary key (series_id, first_time)
);
alter table foretrace.chunk alter column data set storage external;

create table foretrace.target (
  name text primary key,
  created_at double precision not null
);

create table foretrace.trace (
  id text primary key,
  target text not null,
  uploaded_at double precision not null,
  first_time double precision,
  last_time double precision,
  record jsonb not null
);
create index trace_by_upload on foretrace.trace (target, uploaded_at desc);

create table foretrace.model (
  id text primary key,
  target text not null,
  kind text not null,
  created_at double precision not null,
  record jsonb not null
);
create index model_by_age on foretrace.model (target, kind, created_at desc);

create table foretrace.forecast_series (
  target text not null,
  series text not null,
  primary key (target, series)
);
create table foretrace.forecast (
  id text primary key,
  target text not null,
  series text not null,
  issued_at double precision not null,
  record jsonb not null
);
create index forecast_by_issue on foretrace.forecast (target, series, issued_at desc);
create index forecast_by_time on foretrace.forecast (target, issued_at);

create table foretrace.anomaly (
  id text primary key,
  target text not null,
  first_time double precision not null,
  last_time double precision not null,
  record jsonb not null
);
create index anomaly_by_time on foretrace.anomaly (target, first_time desc);

create table foretrace.report (
  id text primary key,
  created_at double precision not null,
  record jsonb not null,
  markdown text not null,
  html text not null
);
`;
