// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/table.hpp"

#include <algorithm>

#include "api/grammar/escape.hpp"

namespace api::grammar {

Table::Table(const google::protobuf::Descriptor& row, const TextForms& forms, LineSink sink)
    : forms_(forms), sink_(std::move(sink)), columns_(columns_of(row, false)) {
    for (const Column& column : columns_) {
        headings_.push_back(column.unit.empty() ? column.heading
                                                : column.heading + " (" + column.unit + ")");
        widths_.push_back(cells(headings_.back()));
    }
}

void Table::add(const google::protobuf::Message& row) {
    Cells texts;
    for (const Column& column : columns_) {
        texts.push_back(cell(row, *column.field, forms_));
    }
    if (begun_) {
        print(texts, false);
        return;
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
        widths_[i] = std::max(widths_[i], cells(texts[i]));
    }
    held_.push_back(std::move(texts));
    if (held_.size() == held_rows) {
        begin();
    }
}

void Table::flush() {
    if (!held_.empty()) {
        begin();
    }
}

void Table::finish() {
    if (!begun_) {
        begin();
    }
}

void Table::begin() {
    begun_ = true;
    print(headings_, true);
    for (const Cells& row : held_) {
        print(row, false);
    }
    held_.clear();
}

void Table::print(const Cells& row, bool heading) const {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const std::size_t width = cells(row[i]);
        const std::string blanks(widths_[i] > width ? widths_[i] - width : 0, ' ');
        line += i == 0 ? "" : "  ";
        line += columns_[i].right ? blanks + row[i] : row[i] + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    sink_(line, heading);
}

}  // namespace api::grammar
