-- name: told_kinds
-- doc: Which kinds of things the types are that events name: target_kinds in the spelling of each source.
-- column target_type: What kind of thing it is, in the service's words, as in events.
-- column kind: The kind, by target_kinds.

select distinct
    wordings.resource_type as target_type,
    known.kind
from wordings
inner join target_kinds as known on upper(wordings.resource_type) = known.target_type
