export { createScraper, type NodeHealth, type Scraper } from './scraper.ts';
