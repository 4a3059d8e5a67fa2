export { createScraper, type NodeHealth, type Scraper } from './scraper.ts';
export { createSharedScraper } from './shared-scraper.ts';
