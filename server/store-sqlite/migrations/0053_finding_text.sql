-- Because a search that finds nothing must not read a million rows: an index of three-character pieces, kept by triggers
-- in the writer's own transaction. It holds no text of its own and names candidates only; LIKE still decides.
CREATE VIRTUAL TABLE finding_text USING fts5 (
    title, subject, product,
    tokenize = 'trigram', detail = none, content = '', contentless_delete = 1
);
INSERT INTO finding_text (rowid, title, subject, product)
    SELECT number, title, subject, coalesce(product, '') FROM findings;
CREATE TRIGGER findings_text_added AFTER INSERT ON findings BEGIN
    UPDATE findings SET number = (SELECT coalesce(max(number), 0) + 1 FROM findings)
        WHERE device = new.device AND id = new.id;
    INSERT INTO finding_text (rowid, title, subject, product)
        SELECT number, title, subject, coalesce(product, '') FROM findings
        WHERE device = new.device AND id = new.id;
END;
CREATE TRIGGER findings_text_changed AFTER UPDATE OF title, subject, product ON findings
WHEN old.title <> new.title OR old.subject <> new.subject OR old.product IS NOT new.product BEGIN
    UPDATE finding_text SET title = new.title, subject = new.subject, product = coalesce(new.product, '')
        WHERE rowid = old.number;
END;
CREATE TRIGGER findings_text_removed AFTER DELETE ON findings BEGIN
    DELETE FROM finding_text WHERE rowid = old.number;
END;
