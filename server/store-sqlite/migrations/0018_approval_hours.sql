-- Because an approval may hold at working hours only: what is quiet then is to be heard at night.
ALTER TABLE approvals ADD COLUMN hours TEXT;
