-- name: listed_performers
-- doc: One row per performer whom the user's list of people knows: by e-mail, by name where no e-mail was observed.
-- column source: The configured account the performer acts in.
-- column performer_id: The performer, by the service's identifier.
-- column email: The person's e-mail, in lower case.
-- column name: The person's name.
-- column manager: Who answers for them.
-- column employed_from: The first day of work.
-- column employed_to: The last day of work; null while it goes on.
-- column privileged: Whether they may do what others may not.

with known as (
    select
        performer.source,
        performer.performer_id,
        -- not every event shows it
        arg_max(lower(nullif(performer.email, '')), (performer.last_observed_at, performer.email)) as email,
        max(case
            when performer.is_current
                then lower(coalesce(
                    nullif(performer.name, ''),
                    nullif(performer.display_name, ''),
                    nullif(trim(concat_ws(' ', performer.first_name, performer.last_name)), '')
                ))
        end) as name
    from performers as performer
    group by performer.source, performer.performer_id
),

matched as (
    select
        known.source,
        known.performer_id,
        person.email
    from known
    inner join ref.people as person on known.email = person.email
    union all
    select
        known.source,
        known.performer_id,
        min(person.email) as email
    from known
    inner join ref.people as person on known.name = lower(person.name)
    where known.email is null
    group by known.source, known.performer_id
    -- a name that several people have tells nobody
    having count(*) = 1
)

select
    matched.source,
    matched.performer_id,
    person.email,
    person.name,
    person.manager,
    person.employed_from,
    person.employed_to,
    person.privileged
from matched
inner join ref.people as person on matched.email = person.email
