SELECT d, SUM(r) AS r FROM (SELECT department AS d, store, SUM(revenue) AS r FROM sales GROUP BY 1, 2) t GROUP BY d
