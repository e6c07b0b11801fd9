/** One process and one order: the last file judges what all others left behind. */
import './race.mjs';
import './refusal.mjs';
import './verification.mjs';
import './failure.mjs';
import './network.mjs';
import './clocks.mjs';
import './numbers.mjs';
import './afterwards.mjs';
