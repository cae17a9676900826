// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/sluicectl/mode.hpp"

namespace cli {

/// `configure`: from now on a line that would change the router changes the candidate instead,
/// which `commit` makes run, whole or not at all. Lines that only show, and those about the
/// configuration itself (`diff`, `commit`, `rollback`, `write`), run as ever; `do LINE` runs any
/// line at once; `exit` ends it. The candidate is the daemon's, and outlives this. Refused where
/// the daemon has none.
Result configure(Session& session, const Input& input);

}  // namespace cli
