// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/printer.hpp"

#include <algorithm>
#include <numeric>

#include "api/grammar/escape.hpp"
#include "api/grammar/wrap.hpp"

namespace api::grammar {
namespace {

/// Texts are not made narrower than this: below it they are no longer read with ease.
constexpr std::size_t least_text = 20;

/// The heading in pieces that may stand on lines of their own: "rx-", "packets".
std::vector<std::string> pieces(const std::string& heading, std::size_t width) {
    std::vector<std::string> lines(1);
    std::size_t begin = 0;
    while (begin < heading.size()) {
        const std::size_t stop = heading.find_first_of("- ", begin);
        const std::size_t end = stop == std::string::npos ? heading.size() : stop + 1;
        std::string part = heading.substr(begin, end - begin);
        std::string joined = lines.back() + part;
        joined.erase(joined.find_last_not_of(' ') + 1);
        if (!lines.back().empty() && cells(joined) > width) {
            lines.emplace_back();
        }
        lines.back() += part;
        begin = end;
    }
    for (std::string& line : lines) {
        line.erase(line.find_last_not_of(' ') + 1);
    }
    return lines;
}

std::size_t longest_piece(const std::string& heading) {
    std::size_t longest = 0;
    for (const std::string& piece : pieces(heading, 1)) {
        longest = std::max(longest, cells(piece));
    }
    return longest;
}

bool is_marked(const Row& row, std::size_t cell) {
    return std::any_of(row.marks.begin(), row.marks.end(),
                       [cell](const Mark& mark) { return mark.begin == cell; });
}

}  // namespace

void Printer::begin(const Shape& shape) {
    shape_ = shape;
    for (const Column& column : shape_.columns) {
        headings_.push_back(column.unit.empty() ? column.heading
                                                : column.heading + " (" + column.unit + ")");
        widths_.push_back(cells(headings_.back()));
    }
}

void Printer::row(Row row) {
    if (row.cells.empty()) {
        print_line(row);
        return;
    }
    if (open_) {
        print(row, false);
        return;
    }
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
        widths_[i] = std::max(widths_[i], cells(row.cells[i]));
    }
    held_.push_back(std::move(row));
    if (held_.size() == held_rows) {
        open();
    }
}

void Printer::flush() {
    if (!held_.empty()) {
        open();
    }
}

void Printer::finish() {
    if (shape_.kind == Shape::Kind::table && !open_) {
        open();
    }
    if (shape_.kind == Shape::Kind::array) {
        out_ << (first_ ? "[\n]\n" : "]\n");
    }
}

void Printer::open() {
    open_ = true;
    fit();
    print({headings_, ""}, true);
    for (const Row& row : held_) {
        print(row, false);
    }
    held_.clear();
}

std::vector<std::size_t> Printer::least_widths() const {
    std::vector<std::size_t> least;
    for (std::size_t i = 0; i < widths_.size(); ++i) {
        std::size_t widest = 0;
        for (const Row& row : held_) {
            widest = std::max(widest, cells(row.cells[i]));
        }
        // A number that is cut in two is no number.
        const std::size_t cell =
            shape_.columns[i].right ? widest : std::min<std::size_t>(widest, least_text);
        least.push_back(std::max(longest_piece(headings_[i]), cell));
    }
    return least;
}

void Printer::fit() {
    const auto total = [&](const std::vector<std::size_t>& widths) {
        return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) +
               gap * (widths.empty() ? 0 : widths.size() - 1);
    };
    folds_ = {{0, widths_.size(), 0}};
    if (layout_.width == 0 || total(widths_) <= layout_.width) {
        return;
    }
    const std::vector<std::size_t> least = least_widths();
    if (total(least) > layout_.width) {
        fold();
        return;
    }
    shrunk_ = true;
    while (total(widths_) > layout_.width) {
        // The widest gives way first.
        std::size_t widest = widths_.size();
        for (std::size_t i = 0; i < widths_.size(); ++i) {
            const bool gives = widths_[i] > least[i];
            if (gives && (widest == widths_.size() || widths_[i] > widths_[widest])) {
                widest = i;
            }
        }
        --widths_[widest];
    }
}

void Printer::fold() {
    constexpr std::size_t indent = 4;
    shrunk_ = true;
    folds_ = {{0, 0, 0}};
    std::size_t used = 0;
    for (std::size_t i = 0; i < widths_.size(); ++i) {
        const std::size_t room = layout_.width - std::min(layout_.width - 1, folds_.back().indent);
        const bool begins = folds_.back().end == folds_.back().first;
        if (!begins && used + gap + widths_[i] > room) {
            folds_.push_back({i, i, indent});
            used = 0;
        }
        if (!shape_.columns[i].right) {
            widths_[i] = std::min(widths_[i], std::max<std::size_t>(room, least_text));
        }
        used += (used == 0 ? 0 : gap) + widths_[i];
        folds_.back().end = i + 1;
    }
}

void Printer::print(const Row& row, bool heading) {
    for (const Fold& fold : folds_) {
        print_fold(row, heading, fold);
    }
}

void Printer::print_fold(const Row& row, bool heading, const Fold& fold) {
    std::vector<std::vector<std::string>> lines;
    std::size_t height = 1;
    for (std::size_t i = fold.first; i < fold.end; ++i) {
        const bool fits = !shrunk_ || cells(row.cells[i]) <= widths_[i];
        lines.push_back(fits                      ? std::vector<std::string>{row.cells[i]}
                        : heading                 ? pieces(row.cells[i], widths_[i])
                        : shape_.columns[i].right ? std::vector<std::string>{row.cells[i]}
                                                  : wrap(row.cells[i], widths_[i]));
        height = std::max(height, lines.back().size());
    }
    for (std::size_t at = 0; at < height; ++at) {
        std::string line(fold.indent, ' ');
        std::size_t owed = 0;
        for (std::size_t i = fold.first; i < fold.end; ++i) {
            const auto& parts = lines[i - fold.first];
            const std::string text = at < parts.size() ? parts[at] : "";
            const std::size_t width = cells(text);
            const std::size_t blanks = widths_[i] > width ? widths_[i] - width : 0;
            const bool right = shape_.columns[i].right;
            owed += (i == fold.first ? 0 : gap) + (right ? blanks : 0);
            if (!text.empty()) {
                line += std::string(owed, ' ') + paint(text, heading, is_marked(row, i));
                owed = 0;
            } else {
                owed += right ? width : 0;
            }
            owed += right ? 0 : blanks;
        }
        out_ << line << '\n';
    }
}

void Printer::print_line(const Row& row) {
    if (shape_.kind == Shape::Kind::array) {
        // The comma leads its line, so that no value waits for the next one.
        out_ << (first_ ? "[\n " : ",") << row.text << '\n';
        first_ = false;
        return;
    }
    if (!layout_.colours || row.marks.empty()) {
        out_ << row.text << '\n';
        return;
    }
    std::size_t from = 0;
    for (const Mark& mark : row.marks) {
        out_ << row.text.substr(from, mark.begin - from)
             << paint(row.text.substr(mark.begin, mark.end - mark.begin), false, true);
        from = mark.end;
    }
    out_ << row.text.substr(from) << '\n';
}

std::string Printer::paint(std::string text, bool heading, bool marked) const {
    if (!layout_.colours || !(heading || marked)) {
        return text;
    }
    return (heading ? "\x1b[1m" : "\x1b[7m") + text + "\x1b[0m";
}

}  // namespace api::grammar
