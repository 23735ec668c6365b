SELECT department, SUM(revenue) AS r FROM sales GROUP BY 1 HAVING COUNT(*) > 2
