-- The letters "mbot": so that nobody's database but ours is ever written to or
-- put aside.
PRAGMA application_id = 1835167604;
