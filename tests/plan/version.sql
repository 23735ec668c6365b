SELECT count(*) FROM mart.lines VERSION AS OF 1
