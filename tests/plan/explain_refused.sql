EXPLAIN SELECT department, SUM(aov * 2) FROM sales GROUP BY 1
