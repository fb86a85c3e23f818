-- name: known_performers
-- doc: One row per performer of a source: names as observed last, and the last e-mail and type there were.
-- column source: The configured account the performer acts in.
-- column performer_id: The performer, by the service's identifier.
-- column name: Its name.
-- column display_name: The name it shows.
-- column full_name: Its first and last name.
-- column email: Its e-mail, which not every record has.
-- column performer_type: What kind of performer, in the service's words.

select
    performer.source,
    performer.performer_id,
    max(nullif(performer.name, '')) filter (where performer.is_current) as name,
    max(nullif(performer.display_name, '')) filter (where performer.is_current) as display_name,
    max(nullif(trim(concat_ws(' ', performer.first_name, performer.last_name)), ''))
        filter (where performer.is_current) as full_name,
    (
        max({
            'is_current': coalesce(performer.is_current, false),
            'at': performer.last_observed_at,
            'value': performer.email
        })
            filter (where performer.email <> '')
    ).value as email,
    (
        max({
            'is_current': coalesce(performer.is_current, false),
            'at': performer.last_observed_at,
            'value': performer.performer_type
        })
            filter (where performer.performer_type <> '')
    ).value as performer_type
from performers as performer
group by performer.source, performer.performer_id
