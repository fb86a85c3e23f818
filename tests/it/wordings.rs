//! What is kept of the texts of events, by which the rules tell what was done.

use super::reports::warehouse;
use super::views::lines;

#[test]
fn only_words_that_a_rule_knows_are_kept_of_a_text_of_zendesk_and_it_means_the_same() {
    let inserts = "insert into zendesk_audit_logs (source, stream, load, id, created_at, change_description) \
        select 'acme', 'audit_logs', 1, row_number() over (), '2026-06-01', \
            before || upper(left(replace(pattern, '%', filled), 1)) || replace(replace(pattern, '%', filled), ' ', gap)[2:] || after \
        from action_rules, unnest(['', ' “', 'not ', repeat(' ', 30)]) as b (before), unnest([' ', '-', '_ ']) as g (gap), \
            unnest(['', 'x', '30-day', 'a b c']) as f (filled), \
            unnest(['', ' of Ada', '!', 'ly', '_x', 'é', '9', ': 5', e'\\nmore', ' ' || repeat('long ', 500)]) as a (after) \
        where service = 'zendesk' and field = 'change_description'";
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), inserts);
    let words = "trim(regexp_replace(lower(summary), '[^a-z0-9]+', ' ', 'g')) || ' '";
    let told = format!(
        "with held as (select action, summary, (select arg_min(rule.action, rule.priority) from action_rules as rule \
         where rule.service = 'zendesk' and rule.field = 'change_description' and {words} like rule.pattern || ' %') as ruled from events) \
         select count(*) > 5000, count(*) filter (ruled is null) > 1000, count(distinct action) > 6, \
         count(*) filter (action is distinct from coalesce(ruled, 'unknown')), min(summary) filter (action is distinct from coalesce(ruled, 'unknown')) from held"
    );
    assert_eq!(lines(&warehouse, &told), ["true|true|true|0|-"]);
    let texts = "select count(*) < 300 from wordings";
    assert_eq!(lines(&warehouse, texts), ["true"]);
}
