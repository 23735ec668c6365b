SELECT d, SUM(baskets) FROM (SELECT department AS d, store, baskets FROM sales) t GROUP BY 1
