COPY mart.lines TO 'x.csv'
