// Starmart as the Go ADBC driver sees it, and so Grafana's and DuckDB's extensions. STARMART_URL names a server of the
// project tests/projects/wire, loaded.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/apache/arrow-adbc/go/adbc"
	"github.com/apache/arrow-adbc/go/adbc/driver/flightsql"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A test has a connection of its own.
var tests = []struct {
	name string
	run  func(context.Context, adbc.Connection) error
}{
	{"types and values", typesAndValues},
	{"cubes", cubes},
	{"fact rows", factRows},
	{"parameters", parameters},
	{"errors", refusals},
	{"a query is cancelled", cancelled},
}

// What a statement answers, row by row, as text.
func ask(ctx context.Context, connection adbc.Connection, sql string, values arrow.RecordBatch) ([]string, *arrow.Schema, error) {
	statement, err := connection.NewStatement()
	if err != nil {
		return nil, nil, err
	}
	defer statement.Close()
	if err := statement.SetSqlQuery(sql); err != nil {
		return nil, nil, err
	}
	if values != nil {
		if err := statement.Prepare(ctx); err != nil {
			return nil, nil, err
		}
		if err := statement.Bind(ctx, values); err != nil {
			return nil, nil, err
		}
	}
	reader, _, err := statement.ExecuteQuery(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer reader.Release()
	var rows []string
	for reader.Next() {
		batch := reader.RecordBatch()
		for row := 0; row < int(batch.NumRows()); row++ {
			var cells []string
			for _, column := range batch.Columns() {
				cells = append(cells, column.ValueStr(row))
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
	}
	return rows, reader.Schema(), reader.Err()
}

func expect(got []string, err error, expected ...string) error {
	if err != nil {
		return err
	}
	if strings.Join(got, "\n") != strings.Join(expected, "\n") {
		return fmt.Errorf("expected %q, got %q", expected, got)
	}
	return nil
}

func typesAndValues(ctx context.Context, connection adbc.Connection) error {
	sql := "select id, label, price, flag, sold_on, seen from mart.samples where id = 3"
	rows, schema, err := ask(ctx, connection, sql, nil)
	if err := expect(rows, err, "3|樣品 3|3.75|false|2017-01-04|2017-03-12T03:00:00Z"); err != nil {
		return err
	}
	types := []arrow.Type{arrow.INT64, arrow.STRING, arrow.DECIMAL128, arrow.BOOL, arrow.DATE32, arrow.TIMESTAMP}
	for at, expected := range types {
		if got := schema.Field(at).Type.ID(); got != expected {
			return fmt.Errorf("%s is %s", schema.Field(at).Name, got)
		}
	}
	return nil
}

func cubes(ctx context.Context, connection adbc.Connection) error {
	sql := "select flag, measure(n) as n from sampled group by flag order by flag"
	rows, _, err := ask(ctx, connection, sql, nil)
	return expect(rows, err, "false|25", "true|24", "(null)|1")
}

func factRows(ctx context.Context, connection adbc.Connection) error {
	rows, schema, err := ask(ctx, connection, "select * from sampled order by total desc limit 1", nil)
	if err != nil {
		return err
	}
	if len(rows) != 1 || !strings.HasSuffix(rows[0], "|1|61.25|(null)") {
		return fmt.Errorf("got %q", rows)
	}
	mean := schema.Field(schema.NumFields() - 1)
	if mark, _ := mean.Metadata.GetValue("starmart.detail"); mark != "null: not additive" {
		return fmt.Errorf("%s is not marked: %v", mean.Name, mean.Metadata)
	}
	return nil
}

func parameters(ctx context.Context, connection adbc.Connection) error {
	fields := []arrow.Field{{Name: "0", Type: arrow.PrimitiveTypes.Int64}, {Name: "1", Type: arrow.BinaryTypes.String}}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer builder.Release()
	builder.Field(0).(*array.Int64Builder).Append(7)
	builder.Field(1).(*array.StringBuilder).Append("樣品 6")
	values := builder.NewRecordBatch()
	defer values.Release()
	sql := "select id, label from mart.samples where id <= ? and label >= ? order by id"
	rows, _, err := ask(ctx, connection, sql, values)
	return expect(rows, err, "6|樣品 6", "7|樣品 7")
}

func refusals(ctx context.Context, connection adbc.Connection) error {
	for sql, code := range map[string]adbc.Status{
		"selec 1":                       adbc.StatusInvalidArgument,
		"select nope from mart.samples": adbc.StatusInvalidArgument,
		"drop table mart.samples":       adbc.StatusUnauthorized,
		"select * from mart.nowhere":    adbc.StatusNotFound,
	} {
		_, _, err := ask(ctx, connection, sql, nil)
		var refused adbc.Error
		if !errors.As(err, &refused) || refused.Code != code {
			return fmt.Errorf("%s: %v", sql, err)
		}
	}
	return nil
}

func cancelled(ctx context.Context, connection adbc.Connection) error {
	waiting, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	cross := ""
	for _, name := range []string{"b", "c", "d", "e", "f"} {
		cross += " cross join mart.samples " + name
	}
	_, _, err := ask(waiting, connection, "select sum(a.id * b.id) as s from mart.samples a"+cross, nil)
	if err == nil {
		return errors.New("it went on")
	}
	rows, _, err := ask(ctx, connection, "select 1 as one", nil)
	return expect(rows, err, "1")
}

func run() error {
	ctx, end := context.WithTimeout(context.Background(), 5*time.Minute)
	defer end()
	url := strings.Replace(os.Getenv("STARMART_URL"), "grpc://", "grpc+tcp://", 1)
	database, err := flightsql.NewDriver(memory.DefaultAllocator).NewDatabase(map[string]string{adbc.OptionKeyURI: url})
	if err != nil {
		return err
	}
	defer database.Close()
	failed := 0
	for _, test := range tests {
		connection, err := database.Open(ctx)
		if err == nil {
			err = test.run(ctx, connection)
			connection.Close()
		}
		if err != nil {
			failed++
			fmt.Println("FAIL", test.name+":", err)
		} else {
			fmt.Println("ok  ", test.name)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d failed", failed)
	}
	fmt.Println("all passed")
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
