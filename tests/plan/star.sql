SELECT city, sold_at__month, aov FROM sales WHERE sold_at >= '2017-02-01' AND department = 'A' ORDER BY aov DESC LIMIT 3
