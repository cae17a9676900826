// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "cli/sluicectl/pipeline.hpp"

namespace cli {

/// A sink that gives to another what it lets through. Here it lets all through.
class Stage : public api::grammar::Sink {
public:
    /// `next` outlives it.
    explicit Stage(api::grammar::Sink& next) : next_(next) {}

    void begin(const api::grammar::Shape& shape) override { next_.begin(shape); }
    void row(api::grammar::Row row) override { next_.row(std::move(row)); }
    void flush() override { next_.flush(); }
    void finish() override { next_.finish(); }

protected:
    api::grammar::Sink& next_;
};

/// The filters of a pipeline, one behind the other, in front of a printer. Headings and brackets
/// pass, and so do the lines above a table, which are not counted.
class Filters {
public:
    /// `pipeline` went through check_columns(); `end` outlives it.
    Filters(const Pipeline& pipeline, api::grammar::Sink& end);

    /// Where rows go in.
    api::grammar::Sink& head() { return stages_.empty() ? end_ : *stages_.front(); }

private:
    api::grammar::Sink& end_;
    /// In the order of the line.
    std::vector<std::unique_ptr<Stage>> stages_;
};

/// Which of two texts comes first, as people sort: numbers in them by their size.
bool sorts_before(const std::string& a, const std::string& b);

}  // namespace cli
