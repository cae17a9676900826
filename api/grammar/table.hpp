// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "api/grammar/cell.hpp"
#include "api/grammar/render.hpp"

namespace api::grammar {

/// Lays messages of one type out in columns. The first rows are held back to find the widths; later
/// rows go out as they come, and a wider cell pushes its line.
class Table {
public:
    Table(const google::protobuf::Descriptor& row, const TextForms& forms, LineSink sink);

    void add(const google::protobuf::Message& row);
    /// Fixes the widths now and shows what is held back, if there is a row.
    void flush();
    /// Shows the rest; the headings also where there was no row.
    void finish();

private:
    static constexpr std::size_t held_rows = 1000;
    using Cells = std::vector<std::string>;

    void begin();
    void print(const Cells& row, bool heading) const;

    const TextForms& forms_;
    LineSink sink_;
    std::vector<Column> columns_;
    Cells headings_;
    std::vector<std::size_t> widths_;
    std::vector<Cells> held_;
    bool begun_ = false;
};

}  // namespace api::grammar
