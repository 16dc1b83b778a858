//! What several tests need: processes, temporary workdirs, deadlines, scripted origins.
