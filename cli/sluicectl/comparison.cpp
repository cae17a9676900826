// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <fmt/format.h>

#include "cli/sluicectl/watch.hpp"

namespace cli {
namespace {

using api::grammar::Mark;
using api::grammar::Row;
using api::grammar::Shape;

std::string rate_text(double rate) {
    return rate < 10 ? fmt::format("+{:.1f}/s", rate) : fmt::format("+{:.0f}/s", rate);
}

bool is_part_of_number(char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '.';
}

/// The numbers of a line that stand otherwise in the line before.
std::vector<Mark> changed_numbers(const std::string& now, const std::string& before) {
    std::vector<Mark> marks;
    std::size_t j = 0;
    for (std::size_t i = 0; i < now.size();) {
        if (!is_part_of_number(now[i])) {
            j += j < before.size() && !is_part_of_number(before[j]) ? 1 : 0;
            ++i;
            continue;
        }
        const std::size_t begin = i;
        const std::size_t old = j;
        while (i < now.size() && is_part_of_number(now[i])) {
            ++i;
        }
        while (j < before.size() && is_part_of_number(before[j])) {
            ++j;
        }
        if (now.compare(begin, i - begin, before, std::min(old, before.size()), j - old) != 0) {
            marks.push_back({begin, i});
        }
    }
    return marks;
}

}  // namespace

class Comparison::Marker : public Stage {
public:
    Marker(api::grammar::Sink& next, Comparison& last, Clock::time_point now)
        : Stage(next),
          last_(last),
          now_(now),
          first_(!last.time_),
          seconds_(first_ ? 0 : std::chrono::duration<double>(now - *last.time_).count()) {}

    ~Marker() override {
        last_.rows_ = std::move(rows_);
        last_.lines_ = std::move(lines_);
        last_.time_ = now_;
    }

    void begin(const Shape& shape) override {
        for (const auto& column : shape.columns) {
            numbers_.push_back(column.right);
        }
        Stage::begin(shape);
    }

    void row(Row row) override {
        row.cells.empty() ? line(row) : cells(row);
        next_.row(std::move(row));
    }

private:
    void line(Row& row) {
        if (lines_.size() < last_.lines_.size()) {
            row.marks = changed_numbers(row.text, last_.lines_[lines_.size()]);
        }
        lines_.push_back(row.text);
    }

    void cells(Row& row) {
        std::string name;
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            name += numbers_[i] ? "" : row.cells[i] + '\n';
        }
        // Rows without a name of their own are told apart by their number.
        while (rows_.contains(name)) {
            name += '+';
        }
        const std::vector<std::string> now = row.cells;
        const auto before = last_.rows_.find(name);
        for (std::size_t i = 0; i < now.size() && !first_; ++i) {
            if (before == last_.rows_.end() || !numbers_[i] || now[i] == before->second[i]) {
                continue;
            }
            row.marks.push_back({i, i + 1});
            std::uint64_t value = 0;
            std::uint64_t old = 0;
            // Only what counts whole things has a rate.
            if (seconds_ > 0 && absl::SimpleAtoi(now[i], &value) &&
                absl::SimpleAtoi(before->second[i], &old) && value > old) {
                row.cells[i] += " " + rate_text(static_cast<double>(value - old) / seconds_);
            }
        }
        rows_.emplace(std::move(name), now);
    }

    Comparison& last_;
    const Clock::time_point now_;
    const bool first_;
    const double seconds_;
    std::vector<bool> numbers_;
    std::map<std::string, std::vector<std::string>> rows_;
    std::vector<std::string> lines_;
};

std::unique_ptr<Stage> Comparison::stage(api::grammar::Sink& next, Clock::time_point now) {
    return std::make_unique<Marker>(next, *this, now);
}

}  // namespace cli
