-- name: actors
-- doc: One row per actor over all sources: performers of one e-mail are one, those without stand for themselves.
-- column actor_key: The e-mail in lower case, or source:performer_id where none was ever seen.
-- column actor_name: The name observed last.
-- column actor_email: The e-mail observed last, in lower case.
-- column actor_type: The kind of actor observed last: USER, API, AUTOMATION …
-- column is_service_account: Whether any of its performers was marked as a service account.
-- column is_disabled: Whether the performer observed last was disabled.
-- column sources: The sources it acted in.
-- column performer_ids: Its performers, as source:performer_id.
-- column first_observed_at: Its first activity (UTC).
-- column last_observed_at: Its last activity (UTC).

with known as (
    select
        performer.source,
        performer.performer_id,
        arg_max(lower(nullif(performer.email, '')), (performer.last_observed_at, performer.email)) as email
    from performers as performer
    group by performer.source, performer.performer_id
),

observed as (
    select
        coalesce(known.email, performer.source || ':' || performer.performer_id) as actor_key,
        known.email as actor_email,
        coalesce(
            nullif(performer.name, ''),
            nullif(performer.display_name, ''),
            nullif(concat_ws(' ', nullif(performer.first_name, ''), nullif(performer.last_name, '')), '')
        ) as actor_name,
        performer.performer_type as actor_type,
        performer.is_service_account,
        performer.disabled as is_disabled,
        performer.source,
        performer.source || ':' || performer.performer_id as performer_id,
        performer.first_observed_at,
        performer.last_observed_at
    from performers as performer
    inner join known
        on
            performer.source = known.source
            and performer.performer_id = known.performer_id
)

select
    observed.actor_key,
    arg_max(observed.actor_name, (observed.last_observed_at, observed.performer_id, observed.actor_name)) as actor_name,
    arg_max(observed.actor_email, (observed.last_observed_at, observed.performer_id)) as actor_email,
    arg_max(observed.actor_type, (observed.last_observed_at, observed.performer_id, observed.actor_type)) as actor_type,
    bool_or(observed.is_service_account) as is_service_account,
    arg_max(
        observed.is_disabled, (observed.last_observed_at, observed.performer_id, observed.is_disabled)
    ) as is_disabled,
    list_sort(list_distinct(list(observed.source))) as sources,
    list_sort(list_distinct(list(observed.performer_id))) as performer_ids,
    min(observed.first_observed_at) as first_observed_at,
    max(observed.last_observed_at) as last_observed_at
from observed
group by observed.actor_key
