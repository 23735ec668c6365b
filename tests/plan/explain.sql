EXPLAIN SELECT city, date_trunc('quarter', sold_at) AS q, aov, SUM(revenue) FILTER (WHERE household = 'h1') AS mine
FROM sales WHERE sold_at >= '2017-02-01' AND department <> 'B' GROUP BY 1, 2 HAVING lines > 1 ORDER BY aov DESC LIMIT 3
