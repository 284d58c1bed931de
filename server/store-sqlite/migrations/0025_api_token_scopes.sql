-- Because a program that feeds the roster needs no right to anything else its role may do.
ALTER TABLE api_tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT 'all';
