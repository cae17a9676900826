// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/filters.hpp"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_join.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "cli/sluicectl/expression.hpp"

namespace cli {
namespace {

using api::grammar::Row;
using api::grammar::Shape;
using api::grammar::Sink;

/// What an expression is held against: a line, or the cells of a row with two blanks between.
std::string text_of(const Row& row) {
    return row.cells.empty() ? row.text : absl::StrJoin(row.cells, "  ");
}

class Match : public Stage {
public:
    Match(Sink& next, const std::string& expression, bool wanted)
        : Stage(next), expression_(expression), wanted_(wanted) {}

    void row(Row row) override {
        if (!row.gap && expression_.matches(text_of(row)) == wanted_) {
            next_.row(std::move(row));
        }
    }

private:
    const Expression expression_;
    const bool wanted_;
};

class Begin : public Stage {
public:
    Begin(Sink& next, const std::string& expression) : Stage(next), expression_(expression) {}

    void row(Row row) override {
        begun_ = begun_ || (!row.gap && expression_.matches(text_of(row)));
        if (begun_) {
            next_.row(std::move(row));
        }
    }

private:
    const Expression expression_;
    bool begun_ = false;
};

/// Rows that count: lines above a table are no part of it.
class Counting : public Stage {
public:
    using Stage::Stage;

    void begin(const Shape& shape) override {
        note(shape);
        Stage::begin(shape);
    }

protected:
    void note(const Shape& shape) { table_ = shape.kind == Shape::Kind::table; }
    bool is_above(const Row& row) const { return table_ && row.cells.empty(); }

private:
    bool table_ = false;
};

class Count : public Counting {
public:
    using Counting::Counting;

    void begin(const Shape& shape) override {
        note(shape);
        next_.begin({});
    }
    void row(Row row) override { count_ += row.gap || is_above(row) ? 0 : 1; }
    void finish() override {
        next_.row({{}, fmt::to_string(count_)});
        next_.finish();
    }

private:
    std::size_t count_ = 0;
};

class First : public Counting {
public:
    First(Sink& next, std::size_t number) : Counting(next), left_(number) {}

    void row(Row row) override {
        if (is_above(row)) {
            next_.row(std::move(row));
        } else if (left_ > 0) {
            left_ -= row.gap ? 0 : 1;
            next_.row(std::move(row));
        }
    }

private:
    std::size_t left_;
};

class Last : public Counting {
public:
    Last(Sink& next, std::size_t number) : Counting(next), number_(number) {}

    void row(Row row) override {
        if (is_above(row)) {
            next_.row(std::move(row));
            return;
        }
        if (row.gap) {
            return;
        }
        kept_.push_back(std::move(row));
        if (kept_.size() > number_) {
            kept_.pop_front();
        }
    }
    void finish() override {
        for (Row& row : kept_) {
            next_.row(std::move(row));
        }
        next_.finish();
    }

private:
    const std::size_t number_;
    std::deque<Row> kept_;
};

class Sort : public Stage {
public:
    Sort(Sink& next, const Filter& filter)
        : Stage(next), name_(filter.columns.front()), down_(filter.down) {}

    void begin(const Shape& shape) override {
        column_ = column_named(name_, shape.columns);
        numbers_ = column_ >= 0 && shape.columns[static_cast<std::size_t>(column_)].right;
        Stage::begin(shape);
    }
    void row(Row row) override {
        if (row.cells.empty() || column_ < 0) {
            next_.row(std::move(row));
        } else {
            rows_.push_back(std::move(row));
        }
    }
    void finish() override {
        std::stable_sort(rows_.begin(), rows_.end(), [this](const Row& a, const Row& b) {
            const std::string& x = a.cells[static_cast<std::size_t>(column_)];
            const std::string& y = b.cells[static_cast<std::size_t>(column_)];
            if (x == "-" || y == "-") {
                // What has no value stays last.
                return x != "-" && y == "-";
            }
            return down_ ? before(y, x) : before(x, y);
        });
        for (Row& row : rows_) {
            next_.row(std::move(row));
        }
        next_.finish();
    }

private:
    const std::string name_;
    bool before(const std::string& x, const std::string& y) const {
        double a = 0;
        double b = 0;
        return numbers_ && absl::SimpleAtod(x, &a) && absl::SimpleAtod(y, &b) ? a < b
                                                                              : sorts_before(x, y);
    }

    const bool down_;
    bool numbers_ = false;
    int column_ = -1;
    std::vector<Row> rows_;
};

class Columns : public Stage {
public:
    Columns(Sink& next, const Filter& filter) : Stage(next), names_(filter.columns) {}

    void begin(const Shape& shape) override {
        Shape chosen{shape.kind, {}};
        for (const std::string& name : names_) {
            if (const int at = column_named(name, shape.columns); at >= 0) {
                chosen_.push_back(static_cast<std::size_t>(at));
                chosen.columns.push_back(shape.columns[chosen_.back()]);
            }
        }
        Stage::begin(chosen);
    }
    void row(Row row) override {
        if (!row.cells.empty()) {
            std::vector<std::string> cells;
            for (const std::size_t at : chosen_) {
                cells.push_back(row.cells[at]);
            }
            row.cells = std::move(cells);
        }
        next_.row(std::move(row));
    }

private:
    const std::vector<std::string> names_;
    std::vector<std::size_t> chosen_;
};

std::unique_ptr<Stage> stage_of(const Filter& filter, Sink& next) {
    switch (filter.kind) {
        case FilterKind::match:
        case FilterKind::exclude:
            return std::make_unique<Match>(next, filter.expression,
                                           filter.kind == FilterKind::match);
        case FilterKind::begin:
            return std::make_unique<Begin>(next, filter.expression);
        case FilterKind::first:
            return std::make_unique<First>(next, filter.number);
        case FilterKind::last:
            return std::make_unique<Last>(next, filter.number);
        case FilterKind::sort:
            return std::make_unique<Sort>(next, filter);
        case FilterKind::columns:
            return std::make_unique<Columns>(next, filter);
        case FilterKind::count:
            return std::make_unique<Count>(next);
        default:
            return std::make_unique<Stage>(next);
    }
}

bool is_digit(char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

}  // namespace

Filters::Filters(const Pipeline& pipeline, Sink& end) : end_(end) {
    Sink* next = &end;
    for (auto filter = pipeline.filters.rbegin(); filter != pipeline.filters.rend(); ++filter) {
        stages_.insert(stages_.begin(), stage_of(*filter, *next));
        next = stages_.front().get();
    }
}

bool sorts_before(const std::string& a, const std::string& b) {
    // Runs of digits by the number that they make: lan2 before lan10, 10.0.9.0/24 before 10.0.10.0.
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        if (!is_digit(a[i]) || !is_digit(b[j])) {
            if (a[i] != b[j]) {
                return a[i] < b[j];
            }
            ++i;
            ++j;
            continue;
        }
        const auto run = [](const std::string& text, std::size_t& at) {
            while (at + 1 < text.size() && text[at] == '0' && is_digit(text[at + 1])) {
                ++at;
            }
            const std::size_t from = at;
            while (at < text.size() && is_digit(text[at])) {
                ++at;
            }
            return std::string_view(text).substr(from, at - from);
        };
        const std::string_view left = run(a, i);
        const std::string_view right = run(b, j);
        if (left != right) {
            return left.size() != right.size() ? left.size() < right.size() : left < right;
        }
    }
    return a.size() - i < b.size() - j;
}

}  // namespace cli
