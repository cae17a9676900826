// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "api/grammar/render.hpp"

namespace api::grammar {

/// How rows are laid out.
struct Layout {
    /// Cells of a line; without limit where it is 0, which is what scripts read.
    std::size_t width = 0;
    /// Headings and marks are set off by the terminal's colours.
    bool colours = false;
};

/// Writes rows: the end of every chain of sinks. Tables come in columns: the first thousand rows
/// are held back to find the widths; later rows go out as they come, and a wider cell pushes its
/// line. A table that is wider than the layout has its headings and texts broken into several
/// lines; where that is not enough, each row takes several lines, and so do the headings.
class Printer : public Sink {
public:
    /// `out` outlives it.
    Printer(std::ostream& out, Layout layout) : out_(out), layout_(layout) {}

    void begin(const Shape& shape) override;
    void row(Row row) override;
    /// Fixes the widths and shows what is held back, if there is a row.
    void flush() override;
    /// Shows the rest; headings and brackets also where there was no row.
    void finish() override;

private:
    static constexpr std::size_t held_rows = 1000;
    static constexpr std::size_t gap = 2;

    struct Fold {
        std::size_t first = 0;
        std::size_t end = 0;
        std::size_t indent = 0;
    };

    void open();
    void fit();
    std::vector<std::size_t> least_widths() const;
    void fold();
    void print(const Row& row, bool heading);
    void print_fold(const Row& row, bool heading, const Fold& fold);
    void print_line(const Row& row);
    std::string paint(std::string text, bool heading, bool marked) const;

    std::ostream& out_;
    const Layout layout_;
    Shape shape_;
    std::vector<std::string> headings_;
    std::vector<std::size_t> widths_;
    std::vector<Fold> folds_;
    std::vector<Row> held_;
    bool open_ = false;
    bool first_ = true;
    /// Cells that are too wide are broken.
    bool shrunk_ = false;
};

}  // namespace api::grammar
