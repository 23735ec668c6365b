SELECT sum(baskets) FROM (SELECT * FROM sales WHERE revenue > 5) t
